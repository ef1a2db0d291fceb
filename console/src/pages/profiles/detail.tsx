import { NotBuilt } from "~/pages/NotBuilt";

export default function ProfilePage() {
  return <NotBuilt title="Connection profile" />;
}
