import { useQuery } from "@tanstack/react-query";
import { api, setCsrfToken } from "./client";
import { asProblem } from "./problem";

/** Who is signed in, in which workspace, and which others they may look at. */
export type Session = Awaited<ReturnType<typeof fetchSession>>;

const SESSION = ["session"];

/** Asks who is signed in; keeps the token that writes must carry. */
export async function fetchSession() {
  const session = await api.get("/api/v1/session");
  setCsrfToken(session.csrfToken ?? "");
  return session;
}

export const sessionQuery = { queryKey: SESSION, queryFn: fetchSession, staleTime: 60_000 };

export function useSession() {
  return useQuery(sessionQuery);
}

/** Whether an error says that nobody is signed in (any more). */
export function isSignedOut(error: unknown): boolean {
  return Boolean(error) && asProblem(error).status === 401;
}

export type Permission = Session["missingPermissions"][number]["permission"];

/** The role that somebody lacks for something, as people read it; undefined where they may do it. */
export function useLacking(permission: Permission | undefined): string | undefined {
  const missing = useSession().data?.missingPermissions.find((one) => one.permission === permission);
  return missing && roleWord(missing.role);
}

const ROLES: Record<string, string> = { runner: "Runner", user: "User", platform_admin: "Platform Admin" };

/** A role as people read it. */
export function roleWord(role: string | undefined): string {
  return ROLES[role ?? ""] ?? role ?? "";
}

/** Roles from the least to the most; nobody gives away more than they have. */
export const ROLE_NAMES = ["runner", "user", "platform_admin"] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export const ROLE_HINTS: Record<RoleName, string> = {
  runner: "Looks at everything and triggers runs; changes nothing",
  user: "Also changes configuration, schedules and the dead letter queue",
  platform_admin: "Everything, in every tenant; also users and tenants",
};
