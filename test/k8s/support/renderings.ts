import { folders, type KubernetesObject, pathOf, render, renderWith } from './kustomize.ts';

export const COMPONENTS = folders('Component').filter((folder) => folder.startsWith('vector/components/'));
export const OVERLAYS = folders('Kustomization').filter((folder) => folder.startsWith('vector/overlays/'));

/** Everything that can be applied: each kustomization, and each overlay with each component and with all of them. */
export function renderings(): Map<string, KubernetesObject[]> {
  const all = new Map(folders('Kustomization').map((folder) => [folder, render(pathOf(folder))]));
  // Those that lie on another overlay differ from it in ConfigMaps only.
  for (const overlay of OVERLAYS.filter((name) => !/-(aggregated|parquet)$/.test(name))) {
    // A node of kind has no identity on AWS that could be another.
    const components = COMPONENTS.filter(
      (name) => !(overlay.endsWith('/local') && /\/(irsa|pod-identity)$/.test(name)),
    );
    for (const component of components) all.set(`${overlay} with ${component}`, renderWith(overlay, [component]));
    for (const [one, other] of [
      ['openshift', 'non-root'],
      ['non-root', 'openshift'],
    ]) {
      const chosen = components.filter((component) => !component.endsWith(`/${other}`));
      all.set(`${overlay} with all components, of which ${one}`, renderWith(overlay, chosen));
    }
  }
  all.set('distributor with Pod Identity', renderWith('distributor', ['distributor/components/pod-identity']));
  return all;
}
