import { NotBuilt } from "~/pages/NotBuilt";

export default function DeadLettersPage() {
  return <NotBuilt title="Dead Letter Queue" />;
}
