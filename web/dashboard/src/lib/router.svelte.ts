// Where the page is. Links inside the application are followed without a reload.

interface Place {
  path: string;
  search: URLSearchParams;
}

const read = (): Place => ({
  path: location.pathname.replace(/(.)\/+$/, "$1"),
  search: new URLSearchParams(location.search),
});

class Router {
  place = $state.raw(read());

  /** Show another page of the application; replace leaves no way back to this one. */
  go(url: string, { replace = false, keepScroll = false } = {}): void {
    const isSamePath = new URL(url, location.href).pathname === location.pathname;
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.place = read();
    if (!isSamePath && !keepScroll) scrollTo(0, 0);
  }

  /** Listen to the browser's buttons and to clicks on links; returns how to stop. */
  start(): () => void {
    const moved = () => (this.place = read());
    const clicked = (event: MouseEvent) => this.#follow(event);
    addEventListener("popstate", moved);
    document.addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", moved);
      document.removeEventListener("click", clicked);
    };
  }

  #follow(event: MouseEvent): void {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || !isPlain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
    if (link.hasAttribute("download") || /^\/(api|docs|js|flags)\b/.test(link.pathname)) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

/** The variables of a path such as /dashboard/:websiteId, or nothing when it is another. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const [expected, given] = [pattern.split("/"), path.split("/")];
  if (expected.length !== given.length) return undefined;
  const variables: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const text = given[index] ?? "";
    if (part.startsWith(":") && text) variables[part.slice(1)] = decodeURIComponent(text);
    else if (part !== text) return undefined;
  }
  return variables;
}
