import { ModalsProvider } from "@mantine/modals";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type SearchSchemaInput,
} from "@tanstack/react-router";
import { queryClient } from "~/api/query";
import { isSignedOut, sessionQuery } from "~/api/session";
import { Broken } from "~/components/Broken";
import { EmptyState } from "~/components/EmptyState";
import { PageLink } from "~/components/values";
import { barePages, type Page, pages } from "~/pages/registry";
import { type BarePath, bareSearch, everywhere, type PagePath, search } from "~/pages/search";
import {
  type Params,
  parseSearch,
  readAll,
  type Search,
  stringifySearch,
  type Values,
  withoutInitial,
} from "~/state/url";
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

/** How a route reads its search parameters, and writes only those that are not initial. */
function searching<S extends Params>(params: S) {
  const strip = <T extends Search>({ search, next }: { search: T; next: (search: T) => T }) =>
    withoutInitial(params, next(search));
  return {
    validateSearch: (search: Partial<Values<S>> & SearchSchemaInput): Values<S> => readAll(params, search),
    search: { middlewares: [strip] },
  };
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, ...searching(everywhere) });

const signedIn = createRoute({
  id: "signed-in",
  getParentRoute: () => root,
  component: Shell,
  async beforeLoad({ location }) {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      // Any other failure is shown within the shell, which tries again.
      if (isSignedOut(error)) throw redirect({ to: "/login", search: { next: location.href } });
    }
  },
});

function pageRoute<Path extends PagePath>({ path, load }: Page<Path>) {
  const component = lazyRouteComponent(load);
  return createRoute({ getParentRoute: () => signedIn, path, component, ...searching(search[path]) });
}

function bareRoute<Path extends BarePath>({ path, load }: Page<Path>) {
  const component = lazyRouteComponent(load);
  return createRoute({ getParentRoute: () => root, path, component, ...searching(bareSearch[path]) });
}

type PageRoute = { [Path in PagePath]: ReturnType<typeof pageRoute<Path>> }[PagePath];
type BareRoute = { [Path in BarePath]: ReturnType<typeof bareRoute<Path>> }[BarePath];

export const router = createRouter({
  routeTree: root.addChildren([
    signedIn.addChildren(pages.map((page) => pageRoute(page) as unknown as PageRoute)),
    ...barePages.map((page) => bareRoute(page) as BareRoute),
  ]),
  parseSearch,
  stringifySearch,
  defaultErrorComponent: ({ error }) => <Broken error={error} />,
  defaultPreload: "intent",
  scrollRestoration: true,
  scrollToTopSelectors: ["[data-scrolls]"],
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function NotFound() {
  return (
    <EmptyState title="There is no such page" action={<PageLink to={links.dashboard()}>Go to the dashboard</PageLink>}>
      The address may be mistyped, or the page is from another version.
    </EmptyState>
  );
}
