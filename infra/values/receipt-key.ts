/**
 * Kinds of keys that sign receipts, the default first: Ed25519, in KMS since November 2025 (KMS developer guide, "Key spec reference"), and
 * P-256 where a region lacks it.
 */
export const RECEIPT_KEY_SPECS = ['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256'] as const;
/** In whatever account and region; never an alias, which could become another key's. */
export const KMS_KEY = 'arn:aws(-[a-z-]+)?:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+';
