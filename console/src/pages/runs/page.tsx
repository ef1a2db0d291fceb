import { NotBuilt } from "~/pages/NotBuilt";

export default function RunsPage() {
  return <NotBuilt title="Runs" />;
}
