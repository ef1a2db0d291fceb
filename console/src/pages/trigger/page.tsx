import { NotBuilt } from "~/pages/NotBuilt";

export default function TriggerPage() {
  return <NotBuilt title="Sync Trigger" />;
}
