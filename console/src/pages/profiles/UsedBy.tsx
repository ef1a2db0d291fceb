import { Text } from "@mantine/core";
import { links } from "~/app/links";
import { PageLink } from "~/components/values";

const SHOWN = 2;

/** Instances that use an object: the first of them, and how many more. */
export function UsedBy({ instances }: { instances: readonly string[] }) {
  if (instances.length === 0) {
    return (
      <Text span c="dimmed">
        nobody
      </Text>
    );
  }
  return (
    <span>
      {instances.slice(0, SHOWN).map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <PageLink to={links.instance(name)} underline="always">
            {name}
          </PageLink>
        </span>
      ))}
      {instances.length > SHOWN && <span title={instances.join(", ")}> and {instances.length - SHOWN} more</span>}
    </span>
  );
}
