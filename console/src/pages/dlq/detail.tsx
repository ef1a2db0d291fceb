import { NotBuilt } from "~/pages/NotBuilt";

export default function DeadLetterPage() {
  return <NotBuilt title="Dead letter" />;
}
