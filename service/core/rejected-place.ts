/** Where the files of rejected events lie, below the prefix of the tenant's bucket. */
export const REJECTED_FOLDER = 'log-distributor/rejected/';
/** The log stream in the tenant's log group in which each of these files is told. */
export const REJECTED_STREAM = 'log-distributor/rejected';
