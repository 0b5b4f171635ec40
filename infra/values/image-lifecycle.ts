/** Images kept for going back to; one is some 100 MB. */
export const IMAGES_KEPT = 30;

/** The lifecycle of the repository, in ECR's words. */
export function imageLifecycle(): object {
  return {
    rules: [
      {
        rulePriority: 1,
        description: `Keep the last ${IMAGES_KEPT} images`,
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: IMAGES_KEPT },
        action: { type: 'expire' },
      },
    ],
  };
}
