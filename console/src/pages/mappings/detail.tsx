import { NotBuilt } from "~/pages/NotBuilt";

export default function MappingPage() {
  return <NotBuilt title="Mapping" />;
}
