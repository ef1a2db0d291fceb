import { NotBuilt } from "~/pages/NotBuilt";

export default function SchedulesPage() {
  return <NotBuilt title="Schedules" />;
}
