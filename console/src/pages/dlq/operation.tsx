import { NotBuilt } from "~/pages/NotBuilt";

export default function OperationPage() {
  return <NotBuilt title="Operation" />;
}
