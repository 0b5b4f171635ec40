/**
 * Tenants of whom a process keeps something in memory, and to whom it writes by itself. Twice as many as were measured
 * (docs/scale.md).
 */
export const TENANTS_MAX = 20_000;
