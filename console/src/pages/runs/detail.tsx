import { NotBuilt } from "~/pages/NotBuilt";

export default function RunPage() {
  return <NotBuilt title="Run" />;
}
