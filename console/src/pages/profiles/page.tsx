import { NotBuilt } from "~/pages/NotBuilt";

export default function ProfilesPage() {
  return <NotBuilt title="Connection Profiles" />;
}
