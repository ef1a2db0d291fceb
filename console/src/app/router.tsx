import { ModalsProvider } from "@mantine/modals";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { queryClient } from "~/api/query";
import { isSignedOut, sessionQuery } from "~/api/session";
import { Broken } from "~/components/Broken";
import { EmptyState } from "~/components/EmptyState";
import { PageLink } from "~/components/PageLink";
import { type Page, pages } from "~/pages/registry";
import { parseSearch, stringifySearch } from "~/state/url";
import { links } from "./links";
import { Shell } from "./Shell";

/** Dialogs stand inside the router: what they show has links. */
function Root() {
  return (
    <ModalsProvider>
      <Outlet />
    </ModalsProvider>
  );
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const inside = createRoute({
  id: "inside",
  getParentRoute: () => root,
  component: Shell,
  async beforeLoad({ location }) {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      // Any other failure is shown within the shell, which tries again.
      if (isSignedOut(error)) throw redirect({ to: "/login", search: { next: location.href } as never });
    }
  },
});

function routeOf(page: Page) {
  return createRoute({
    getParentRoute: () => (page.bare ? root : inside) as typeof root,
    path: page.path,
    component: lazyRouteComponent(page.load),
  });
}

export const router = createRouter({
  routeTree: root.addChildren([
    ...pages.filter((page) => page.bare).map(routeOf),
    inside.addChildren(pages.filter((page) => !page.bare).map(routeOf)),
  ]),
  parseSearch: parseSearch as never,
  stringifySearch: stringifySearch as never,
  defaultErrorComponent: ({ error }) => <Broken error={error} />,
  defaultPreload: "intent",
  scrollRestoration: true,
  scrollToTopSelectors: ["[data-scrolls]"],
});

function NotFound() {
  return (
    <EmptyState
      kind="nothing-yet"
      title="There is no such page"
      action={<PageLink to={links.dashboard()}>Go to the dashboard</PageLink>}
    >
      The address may be mistyped, or the page is from another version.
    </EmptyState>
  );
}
