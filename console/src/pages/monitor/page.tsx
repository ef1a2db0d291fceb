import { NotBuilt } from "~/pages/NotBuilt";

export default function MonitorPage() {
  return <NotBuilt title="Pipeline Monitor" />;
}
