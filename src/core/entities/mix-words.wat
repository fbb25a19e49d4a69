;; Mixes a word into the two lanes of each row, four rows at once: the inner loop of the state hash.
;; Owns the mix and its memory; mix-words.ts fills the memory and has the same mix in JavaScript.
;; Compiled to mix-words.wasm.ts by `npm run docs`.

(module
  ;; Bytes of the memory. Lanes and words have 4 each. As many bytes again follow the words: whoever
  ;; reads the words of four rows may read three steps beyond the last one. The function repeats
  ;; secondAt.
  (memory (export "memory") 5)
  (global (export "rowsAtOnce") i32 (i32.const 2048))
  (global (export "firstAt") i32 (i32.const 0))
  (global (export "secondAt") i32 (i32.const 8192))
  (global (export "wordsAt") i32 (i32.const 16384))
  (global (export "wordsBytes") i32 (i32.const 131072))

  ;; `lane`, `word` and `step` (from one row's word to the next one's) are bytes. A group is four
  ;; rows.
  (func (export "mix") (param $lane i32) (param $word i32) (param $step i32) (param $groups i32)
    (local $words v128)
    (local $first v128)
    (local $second v128)
    (local $mixed v128)
    (block $done
      (loop $nextGroup
        (br_if $done (i32.eqz (local.get $groups)))
        (local.set $words (v128.load32_lane 0 (local.get $word) (local.get $words)))
        (local.set $word (i32.add (local.get $word) (local.get $step)))
        (local.set $words (v128.load32_lane 1 (local.get $word) (local.get $words)))
        (local.set $word (i32.add (local.get $word) (local.get $step)))
        (local.set $words (v128.load32_lane 2 (local.get $word) (local.get $words)))
        (local.set $word (i32.add (local.get $word) (local.get $step)))
        (local.set $words (v128.load32_lane 3 (local.get $word) (local.get $words)))
        (local.set $word (i32.add (local.get $word) (local.get $step)))
        (local.set $first (v128.load (local.get $lane)))
        (local.set $second (v128.load offset=8192 (local.get $lane)))
        (local.set $mixed
          (i32x4.mul
            (v128.xor
              (local.get $first)
              (i32x4.mul (local.get $words) (i32x4.splat (i32.const 0xcc9e2d51))))
            (i32x4.splat (i32.const 0x9e3779b1))))
        (local.set $first
          (i32x4.add
            (v128.or
              (i32x4.shl (local.get $mixed) (i32.const 13))
              (i32x4.shr_u (local.get $mixed) (i32.const 19)))
            (local.get $second)))
        (local.set $mixed
          (i32x4.mul
            (v128.xor
              (local.get $second)
              (i32x4.mul (local.get $words) (i32x4.splat (i32.const 0x1b873593))))
            (i32x4.splat (i32.const 0x85ebca77))))
        (local.set $second
          (i32x4.add
            (v128.or
              (i32x4.shl (local.get $mixed) (i32.const 17))
              (i32x4.shr_u (local.get $mixed) (i32.const 15)))
            (local.get $first)))
        (v128.store (local.get $lane) (local.get $first))
        (v128.store offset=8192 (local.get $lane) (local.get $second))
        (local.set $lane (i32.add (local.get $lane) (i32.const 16)))
        (local.set $groups (i32.add (local.get $groups) (i32.const -1)))
        (br $nextGroup)))))
