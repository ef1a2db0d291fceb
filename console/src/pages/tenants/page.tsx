import { NotBuilt } from "~/pages/NotBuilt";

export default function TenantsPage() {
  return <NotBuilt title="Tenants" />;
}
