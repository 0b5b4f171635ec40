/** In the place of service/run/watch/http.ts: nobody asks. */
export function createHttp() {
  return { async listen() {}, async close() {}, server: { address: () => ({ port: 8080 }) } };
}
