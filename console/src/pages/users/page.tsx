import { NotBuilt } from "~/pages/NotBuilt";

export default function UsersPage() {
  return <NotBuilt title="Users" />;
}
