import { NotBuilt } from "~/pages/NotBuilt";

export default function RecordsPage() {
  return <NotBuilt title="Records" />;
}
