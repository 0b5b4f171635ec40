/** AssemblyScript's number types as TypeScript sees them in layout.ts, which both compile. */
type u32 = number;
type u64 = number;
type i32 = number;
type usize = number;
