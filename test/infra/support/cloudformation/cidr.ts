/** The first blocks of a block of addresses, each with so many bits for hosts. */
export function cidrBlocks(block: string, count: number, hostBits: number): readonly string[] {
  const [address = ''] = block.split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: count }, (_, at) => `${textOf(base + at * 2 ** hostBits)}/${32 - hostBits}`);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
