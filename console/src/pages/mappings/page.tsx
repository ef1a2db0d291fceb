import { NotBuilt } from "~/pages/NotBuilt";

export default function MappingsPage() {
  return <NotBuilt title="Mappings" />;
}
