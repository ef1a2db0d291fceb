import { NotBuilt } from "~/pages/NotBuilt";

export default function SetupPage() {
  return <NotBuilt title="Set up" />;
}
