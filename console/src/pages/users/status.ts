import type { Schema } from "~/api/client";

export type User = Schema<"UserView">;

/** Whether somebody may sign in, could already, or was only invited so far. */
export function statusOf(user: User): string {
  if (user.disabled) return "disabled";
  return user.hasPassword || user.signedInAt ? "active" : "invited";
}
