/** Line drawings in a square of 24 pixels, as the `d` of SVG paths: stroked, never filled. */
export const ICONS: Readonly<Record<string, string>> = {
  pods: 'M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9zM4.2 7.5L12 12l7.8-4.5M12 12v9',
  agent: 'M4 5h16l-6 7.5V19l-4 2v-8.5z',
  stream: 'M3 7c3-3 6-3 9 0s6 3 9 0M3 12.5c3-3 6-3 9 0s6 3 9 0M3 18c3-3 6-3 9 0s6 3 9 0',
  bucket: 'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3l2 13c.3 1.1 2.9 2 6 2s5.7-.9 6-2l2-13',
  topic:
    'M12 12m-2.2 0a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0M7.5 16.5a6.4 6.4 0 0 1 0-9M16.5 7.5a6.4 6.4 0 0 1 0 9M4.6 19.4a10.5 10.5 0 0 1 0-14.8M19.4 4.6a10.5 10.5 0 0 1 0 14.8',
  queue: 'M3 7h5v10H3zM9.5 7h5v10h-5zM16 7h5v10h-5z',
  dead: 'M12 3.5L21.5 20h-19zM12 10v4.5M12 17.2v.3',
  service: 'M3 12h5M16 12h5M16 12l4-7M16 12l4 7M8 7h8v10H8z',
  table:
    'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  key: 'M8 12m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M12.5 12H21v4M17 12v3',
  chart: 'M4 4v16h16M7.5 15.5l4-5 3.5 3 5-7',
  logs: 'M5 3h10l4 4v14H5zM8.5 10h7M8.5 13.5h7M8.5 17h4.5',
};
