import { NotBuilt } from "~/pages/NotBuilt";

export default function AuditLogPage() {
  return <NotBuilt title="Audit Log" />;
}
