// Pages of a list: how many items, from where, and the token of the next page. Owns the sizes;
// never reads a list, and never knows a token's form (core/api does).

import { decodePageToken, encodePageToken, type PagedList } from '../../core/api/page-token.ts'

/** Used if the caller gives no MaxResults. */
const PAGE_COUNT_DEFAULT = 100
const PAGE_COUNT_MAX = 1000

interface Page {
  list: PagedList
  key: Uint8Array
  /** The sort key of the previous page's last item. */
  after?: string
  countMax: number
}

/** Throws ApiError ValidationException for a token that was not made here, or for another list. */
export function pageOf(
  list: PagedList,
  key: Uint8Array,
  input: { readonly MaxResults?: number; readonly NextToken?: string },
): Page {
  const countMax = Math.min(input.MaxResults ?? PAGE_COUNT_DEFAULT, PAGE_COUNT_MAX)
  if (input.NextToken === undefined) return { list, key, countMax }
  const start = decodePageToken(list, input.NextToken, key)
  if (!start.ok) throw start.error
  return { list, key, after: start.after, countMax }
}

/**
 * One page of items, starting at the page's first item, and the token of the next page if there is
 * one.
 */
export function cutPage<Item>(
  page: Page,
  items: readonly Item[],
  sortKeyOf: (item: Item) => string,
): { items: readonly Item[]; nextToken?: string } {
  const cut = items.slice(0, page.countMax)
  const last = cut.at(-1)
  if (items.length <= page.countMax || last === undefined) return { items: cut }
  return { items: cut, nextToken: encodePageToken(page.list, sortKeyOf(last), page.key) }
}
