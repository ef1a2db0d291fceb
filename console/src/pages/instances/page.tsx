import { NotBuilt } from "~/pages/NotBuilt";

export default function InstancesPage() {
  return <NotBuilt title="Instances" />;
}
