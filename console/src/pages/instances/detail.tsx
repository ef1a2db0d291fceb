import { NotBuilt } from "~/pages/NotBuilt";

export default function InstancePage() {
  return <NotBuilt title="Instance" />;
}
