/**
 * Turns on the styles that the page's head only loads (`vite.config.ts`), and resolves when they have come, or failed to:
 * a page without styles is better than none. They stay where they stood, before the styles of what is loaded later.
 */
export function styles(): Promise<unknown> {
  const loaded = document.querySelectorAll<HTMLLinkElement>('link[rel="preload"][as="style"]');
  return Promise.all(
    Array.from(loaded, (link) => {
      const on = link.cloneNode() as HTMLLinkElement;
      on.rel = "stylesheet";
      on.removeAttribute("as");
      const come = new Promise((resolve) => {
        on.onload = on.onerror = resolve;
      });
      link.replaceWith(on);
      return come;
    }),
  );
}
