/** Tenants of whom a process keeps something in memory, and to whom it writes by itself: twice as many as are simulated. */
export const TENANTS_MAX = 20_000;
