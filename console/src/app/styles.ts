/**
 * Turns on the styles that the page names, which wait with a medium that no screen is (`vite.config.ts`), and resolves
 * when they have come, or failed to: a page without styles is better than none. Each keeps its place, before the styles
 * of what is loaded later. A new element has its events for sure; those of the first one may be over.
 */
export function styles(): Promise<unknown> {
  const waiting = document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"][media="not all"]');
  return Promise.all(
    Array.from(waiting, (link) => {
      const on = link.cloneNode() as HTMLLinkElement;
      on.removeAttribute("media");
      const come = new Promise((resolve) => {
        on.onload = on.onerror = resolve;
      });
      link.replaceWith(on);
      return come;
    }),
  );
}
