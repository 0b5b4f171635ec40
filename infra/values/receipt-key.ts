/** Ed25519 in KMS, since November 2025 (KMS developer guide, "Key spec reference"). */
export const RECEIPT_KEY_SPEC = 'ECC_NIST_EDWARDS25519';
