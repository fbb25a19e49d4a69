import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanDeclarations } from './doc-comments.ts'

const CPP = `// What it owns.
#pragma once
namespace heddle {
/// Tries it.
#define TRY(expr) \\
  do { expr; } while (0)

/// A point.
struct Point {
  float x;  // "{" in a comment
};
Point origin();

Point undocumented();

/// Does things.
class Doer {
 public:
  /// Starts with "{".
  explicit Doer(int count) : count_(count) { call("}"); }
  /// Says how many.
  int count() const { return count_; }

 private:
  /// Nobody's business.
  int count_;
};
}  // namespace heddle
`

test('documented declarations are listed without bodies, and private ones are not', () => {
  const { opening, declarations } = scanDeclarations(CPP)
  assert.deepEqual(opening, ['What it owns.'])
  assert.deepEqual(
    declarations.map(({ scope, texts, doc }) => [scope.join('::'), texts, doc.join(' ')]),
    [
      ['', ['#define TRY(expr)'], 'Tries it.'],
      [
        'heddle',
        ['struct Point {\n  float x;  // "{" in a comment\n};', 'Point origin()'],
        'A point.',
      ],
      ['heddle', ['class Doer'], 'Does things.'],
      ['heddle::Doer', ['explicit Doer(int count)'], 'Starts with "{".'],
      ['heddle::Doer', ['int count() const'], 'Says how many.'],
    ],
  )
})

test('statements of TypeScript end with their lines', () => {
  const source = `// Owns it.
/** One of two. */
export type Two =
  /** The first. */
  | 'a'
  | 'b'

export class Counter {
  /** Counts. */
  readonly count: number
  readonly #hidden: number

  /** Adds. */
  add({ by = 1 } = {}, also: (x: number) => number): number {
    return \`\${by}{\`.length
  }
}
`
  const { declarations } = scanDeclarations(source, { endsAtLines: true })
  assert.deepEqual(
    declarations.map(({ texts }) => texts),
    [
      ["type Two = | 'a' | 'b'"],
      ['class Counter'],
      ['readonly count: number'],
      ['add({ by = 1 } = {}, also: (x: number) => number): number'],
    ],
  )
})

test('members of C# are public where they say so, also generic ones', () => {
  const source = `// Owns it.
namespace Heddle {
  /// <summary>Columns.</summary>
  public sealed class Owned<T> where T : struct {
    readonly int rows;

    /// <summary>Values.</summary>
    public Column<U> Field<U>(Field<U> field) where U : struct {
      return Of(field);
    }

    /// <summary>How many.</summary>
    public int Count {
      get { return rows; }
    }

    /// <summary>Nobody's business.</summary>
    internal Column<U> Of<U>(Field<U> field) where U : struct {
      return null;
    }
  }
}
`
  assert.deepEqual(
    scanDeclarations(source).declarations.map(({ texts, isType }) => [texts, isType]),
    [
      [['public sealed class Owned<T> where T : struct'], true],
      [['public Column<U> Field<U>(Field<U> field) where U : struct'], false],
      [['public int Count'], false],
    ],
  )
})
