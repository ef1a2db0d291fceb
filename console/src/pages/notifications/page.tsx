import { NotBuilt } from "~/pages/NotBuilt";

export default function NotificationsPage() {
  return <NotBuilt title="Notifications" />;
}
