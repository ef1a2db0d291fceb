import { NotBuilt } from "~/pages/NotBuilt";

export default function LoginPage() {
  return <NotBuilt title="Sign in" />;
}
