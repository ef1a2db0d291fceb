import { NotBuilt } from "~/pages/NotBuilt";

export default function ApiKeysPage() {
  return <NotBuilt title="API Keys" />;
}
