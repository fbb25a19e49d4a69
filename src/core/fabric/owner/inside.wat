;; Which of many positions are not inside of a box, and which of these not inside of a larger one.
;; Owns the scan and its memory; inside.ts fills the memory and reads what was found.
;; Compiled to inside.wasm.ts by `npm run docs`.

(module
  ;; Bytes of the memory. A position has 12 (x, y, z as f32), a row or a coordinate 4. Lists have
  ;; one place more than a piece has rows: a place is written before it is known whether it counts.
  ;; The function below repeats these numbers as offsets.
  (memory (export "memory") 2)
  (global (export "pieceRows") i32 (i32.const 4096))
  ;; Six vectors of edges: three of lower ones, for the coordinates x y z x, y z x y and z x y z of
  ;; four positions, then three of upper ones.
  (global (export "edgesAt") i32 (i32.const 0))
  (global (export "positionsAt") i32 (i32.const 96))
  ;; Row, x and y of each position that is not inside.
  (global (export "rowsAt") i32 (i32.const 49248))
  (global (export "xAt") i32 (i32.const 65636))
  (global (export "yAt") i32 (i32.const 82024))
  ;; The rows among these that are not inside of the larger box; its edges, minX minY maxX maxY;
  ;; the number of these rows.
  (global (export "beyondAt") i32 (i32.const 98412))
  (global (export "outerAt") i32 (i32.const 114800))
  (global (export "beyondCountAt") i32 (i32.const 114816))

  ;; Goes over `groups` of four positions; the first position is that of row `firstRow`. Returns how
  ;; many are not inside.
  (func (export "scan") (param $groups i32) (param $firstRow i32) (result i32)
    (local $group i32)
    (local $found i32)
    ;; Bytes from the first position on: of the group, and of one position in it.
    (local $groupAt i32)
    (local $positionAt i32)
    ;; A bit for each of the group's 12 coordinates that is not between its edges.
    (local $outside i32)
    (local $inGroup i32)
    (local $beyond i32)
    (local $lower0 v128)
    (local $lower1 v128)
    (local $lower2 v128)
    (local $upper0 v128)
    (local $upper1 v128)
    (local $upper2 v128)
    (local $between0 v128)
    (local $between1 v128)
    (local $between2 v128)
    (local $minX f32)
    (local $minY f32)
    (local $maxX f32)
    (local $maxY f32)
    (local $x f32)
    (local $y f32)
    (local $z f32)
    (local.set $lower0 (v128.load offset=0 (i32.const 0)))
    (local.set $lower1 (v128.load offset=16 (i32.const 0)))
    (local.set $lower2 (v128.load offset=32 (i32.const 0)))
    (local.set $upper0 (v128.load offset=48 (i32.const 0)))
    (local.set $upper1 (v128.load offset=64 (i32.const 0)))
    (local.set $upper2 (v128.load offset=80 (i32.const 0)))
    (local.set $minX (f32.load offset=114800 (i32.const 0)))
    (local.set $minY (f32.load offset=114804 (i32.const 0)))
    (local.set $maxX (f32.load offset=114808 (i32.const 0)))
    (local.set $maxY (f32.load offset=114812 (i32.const 0)))
    (block $done
      (loop $nextGroup
        (br_if $done (i32.eqz (i32.lt_u (local.get $group) (local.get $groups))))
        (local.set $between0
          (v128.and
            (f32x4.gt (v128.load offset=96 (local.get $groupAt)) (local.get $lower0))
            (f32x4.lt (v128.load offset=96 (local.get $groupAt)) (local.get $upper0))))
        (local.set $between1
          (v128.and
            (f32x4.gt (v128.load offset=112 (local.get $groupAt)) (local.get $lower1))
            (f32x4.lt (v128.load offset=112 (local.get $groupAt)) (local.get $upper1))))
        (local.set $between2
          (v128.and
            (f32x4.gt (v128.load offset=128 (local.get $groupAt)) (local.get $lower2))
            (f32x4.lt (v128.load offset=128 (local.get $groupAt)) (local.get $upper2))))
        (if
          (i32.eqz
            (i32x4.all_true
              (v128.and
                (local.get $between0)
                (v128.and (local.get $between1) (local.get $between2)))))
          (then
            (local.set $outside
              (i32.xor
                (i32.or
                  (i32.or
                    (i32.shl (i32x4.bitmask (local.get $between0)) (i32.const 0))
                    (i32.shl (i32x4.bitmask (local.get $between1)) (i32.const 4)))
                  (i32.shl (i32x4.bitmask (local.get $between2)) (i32.const 8)))
                (i32.const 0xfff)))
            (loop $nextPosition
              ;; A third of the lowest bit's number; of 0 to 11 that is 11 / 32.
              (local.set $inGroup
                (i32.shr_u
                  (i32.mul (i32.ctz (local.get $outside)) (i32.const 11))
                  (i32.const 5)))
              (local.set $positionAt
                (i32.add
                  (i32.mul (local.get $inGroup) (i32.const 12))
                  (local.get $groupAt)))
              (local.set $x (f32.load offset=96 (local.get $positionAt)))
              (local.set $y (f32.load offset=100 (local.get $positionAt)))
              (local.set $z (f32.load offset=104 (local.get $positionAt)))
              (i32.store offset=49248
                (i32.shl (local.get $found) (i32.const 2))
                (i32.add
                  (i32.add
                    (i32.shl (local.get $group) (i32.const 2))
                    (local.get $inGroup))
                  (local.get $firstRow)))
              (f32.store offset=65636 (i32.shl (local.get $found) (i32.const 2)) (local.get $x))
              (f32.store offset=82024 (i32.shl (local.get $found) (i32.const 2)) (local.get $y))
              (local.set $found (i32.add (local.get $found) (i32.const 1)))
              ;; Stored in any case, and counted where it is outside of the larger box, too: no
              ;; branch to guess wrong. z minus itself is 0 where z is a finite number.
              (i32.store offset=98412
                (i32.shl (local.get $beyond) (i32.const 2))
                (i32.add
                  (i32.add
                    (i32.shl (local.get $group) (i32.const 2))
                    (local.get $inGroup))
                  (local.get $firstRow)))
              (local.set $beyond
                (i32.add
                  (local.get $beyond)
                  (i32.eqz
                    (i32.and
                      (i32.and
                        (i32.and
                          (i32.and
                            (f32.gt (local.get $x) (local.get $minX))
                            (f32.lt (local.get $x) (local.get $maxX)))
                          (f32.gt (local.get $y) (local.get $minY)))
                        (f32.lt (local.get $y) (local.get $maxY)))
                      (f32.eq (f32.sub (local.get $z) (local.get $z)) (f32.const 0))))))
              ;; The position's three bits are done with.
              (local.set $outside
                (i32.and
                  (local.get $outside)
                  (i32.rotl
                    (i32.const -8)
                    (i32.mul (local.get $inGroup) (i32.const 3)))))
              (br_if $nextPosition (local.get $outside)))))
        (local.set $group (i32.add (local.get $group) (i32.const 1)))
        (local.set $groupAt (i32.add (local.get $groupAt) (i32.const 48)))
        (br $nextGroup)))
    (i32.store offset=114816 (i32.const 0) (local.get $beyond))
    (local.get $found)))
