import { NotBuilt } from "~/pages/NotBuilt";

export default function DashboardPage() {
  return <NotBuilt title="Dashboard" />;
}
