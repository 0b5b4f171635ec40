/** Huffman codes whose lengths are limited, as DEFLATE has them (RFC 1951, 3.2.2). */

/** A node of the tree: how often what is below it occurs, its symbol if it is a leaf, and its parent, then its depth. */
const NODE_BYTES: usize = 12;
const SYMBOL: usize = 4;
const PARENT: usize = 8;
/** The longest code of the format. */
const LENGTH_MAX: u32 = 15;

/** How many codes there are of each length. */
const PER_LENGTH = memory.data((16 + 1) * 4, 4);

function nodeAt(nodes: usize, at: u32): usize {
  return nodes + <usize>at * NODE_BYTES;
}

/** Sorts leaves by how often they occur, the rarest first: Shell's way, as there are some hundred of them. */
function sortLeaves(nodes: usize, leaves: u32): void {
  for (let gap: u32 = 121; gap > 0; gap /= 3) {
    for (let i = gap; i < leaves; i++) {
      const count = load<u32>(nodeAt(nodes, i));
      const symbol = load<u32>(nodeAt(nodes, i), SYMBOL);
      let at = i;
      for (; at >= gap; at -= gap) {
        const other = nodeAt(nodes, at - gap);
        if (load<u32>(other) <= count) break;
        store<u32>(nodeAt(nodes, at), load<u32>(other));
        store<u32>(nodeAt(nodes, at), load<u32>(other, SYMBOL), SYMBOL);
      }
      store<u32>(nodeAt(nodes, at), count);
      store<u32>(nodeAt(nodes, at), symbol, SYMBOL);
    }
  }
}

/** Joins the two rarest nodes until one is left. Inner nodes come about in order, so two queues do. @returns how many nodes there are */
function joinNodes(nodes: usize, leaves: u32): u32 {
  let leaf: u32 = 0;
  let inner = leaves;
  let end = leaves;
  for (; end < leaves * 2 - 1; end++) {
    let count: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const isLeaf =
        leaf < leaves && (inner >= end || load<u32>(nodeAt(nodes, leaf)) <= load<u32>(nodeAt(nodes, inner)));
      const node = nodeAt(nodes, isLeaf ? leaf++ : inner++);
      count += load<u32>(node);
      store<u32>(node, end, PARENT);
    }
    store<u32>(nodeAt(nodes, end), count);
  }
  return end;
}

/** Counts the lengths of the leaves' codes, none longer than `limit`, in PER_LENGTH. */
function countLengths(nodes: usize, leaves: u32, limit: u32): void {
  memory.fill(PER_LENGTH, 0, (<usize>LENGTH_MAX + 1) << 2);
  const end = joinNodes(nodes, leaves);
  store<u32>(nodeAt(nodes, end - 1), 0, PARENT);
  for (let at = <i32>end - 2; at >= 0; at--) {
    const node = nodeAt(nodes, at);
    const depth = load<u32>(nodeAt(nodes, load<u32>(node, PARENT)), PARENT) + 1;
    store<u32>(node, depth, PARENT);
    if (<u32>at >= leaves) continue;
    const length = PER_LENGTH + ((<usize>min(depth, limit)) << 2);
    store<u32>(length, load<u32>(length) + 1);
  }
  // Codes that were cut to the limit take more room than there is: others become longer until all fit.
  let room: u32 = 0;
  for (let length: u32 = 1; length <= limit; length++) {
    room += load<u32>(PER_LENGTH + ((<usize>length) << 2)) << (limit - length);
  }
  for (; room > 1 << limit; room--) {
    let shorter = limit - 1;
    while (load<u32>(PER_LENGTH + ((<usize>shorter) << 2)) === 0) shorter--;
    const from = PER_LENGTH + ((<usize>shorter) << 2);
    store<u32>(from, load<u32>(from) - 1);
    store<u32>(from, load<u32>(from, 4) + 2, 4);
    const last = PER_LENGTH + ((<usize>limit) << 2);
    store<u32>(last, load<u32>(last) - 1);
  }
}

function reversed(code: u32, length: u32): u32 {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < length; i++) bits |= ((code >> i) & 1) << (length - 1 - i);
  return bits;
}

/**
 * Makes the codes of `count` symbols by how often each occurs.
 * @param counts words; @param lengths bytes: 0 where a symbol does not occur
 * @param codes words: the code as it is written, lowest bit first, and above it at bit 24 its length
 * @param nodes room for 2 × count nodes of three words
 */
export function makeCodes(counts: usize, count: u32, limit: u32, lengths: usize, codes: usize, nodes: usize): void {
  let leaves: u32 = 0;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const times = load<u32>(counts + ((<usize>symbol) << 2));
    if (times === 0) continue;
    const leaf = nodeAt(nodes, leaves++);
    store<u32>(leaf, times);
    store<u32>(leaf, symbol, SYMBOL);
  }
  memory.fill(lengths, 0, count);
  if (leaves === 0) return;
  sortLeaves(nodes, leaves);
  if (leaves === 1) {
    // One bit, although none would do: no code may be empty.
    memory.fill(PER_LENGTH, 0, (<usize>LENGTH_MAX + 1) << 2);
    store<u32>(PER_LENGTH, 1, 4);
  } else {
    countLengths(nodes, leaves, limit);
  }
  // The most frequent symbols have the shortest codes.
  let leaf = leaves;
  for (let length: u32 = 1; length <= limit; length++) {
    for (let left = load<u32>(PER_LENGTH + ((<usize>length) << 2)); left > 0; left--) {
      store<u8>(lengths + load<u32>(nodeAt(nodes, --leaf), SYMBOL), length);
    }
  }
  numberCodes(count, limit, lengths, codes);
}

/** Codes of one length follow each other by their symbols. */
function numberCodes(count: u32, limit: u32, lengths: usize, codes: usize): void {
  let code: u32 = 0;
  for (let length: u32 = 1; length <= limit; length++) {
    const many = load<u32>(PER_LENGTH + ((<usize>length) << 2));
    // From here on the next code of this length.
    store<u32>(PER_LENGTH + ((<usize>length) << 2), code);
    code = (code + many) << 1;
  }
  for (let symbol: usize = 0; symbol < <usize>count; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length === 0) continue;
    const next = PER_LENGTH + ((<usize>length) << 2);
    store<u32>(codes + (symbol << 2), reversed(load<u32>(next), length) | (length << 24));
    store<u32>(next, load<u32>(next) + 1);
  }
}
