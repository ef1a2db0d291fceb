import { NotBuilt } from "~/pages/NotBuilt";

export default function RecordPage() {
  return <NotBuilt title="Record" />;
}
