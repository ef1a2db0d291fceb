import { Button, CloseButton, Group, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { api } from "~/api/client";
import { useLacking, useSession } from "~/api/session";
import { PageLink, PlainLink } from "~/components/values";
import { stored } from "~/state/stored";
import classes from "./FirstSteps.module.css";
import { links } from "./links";
import { isOnTheWay, stepsOf } from "./way";

/** Tenants, each in a line, whose way to the first run somebody does not want to see. */
const hidden = stored("first-steps-hidden", "", (text) => text);

/** The way from an empty tenant to its first run, on the pages that it leads over; gone once a run has gone through. */
export function FirstSteps() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const lacking = useLacking("configure");
  const tenant = useSession().data?.tenant;
  const shut = hidden.use().split("\n");
  if (!tenant || lacking || !isOnTheWay(path) || shut.includes(tenant)) return null;
  return <Way onHide={() => hidden.set([...shut, tenant].join("\n"))} />;
}

function Way({ onHide }: { onHide: () => void }) {
  const ended = useQuery({
    queryKey: ["runs", "first"],
    queryFn: () => api.get("/api/v1/runs", { query: { state: ["succeeded", "partial_success"], limit: 1 } }),
    // Until there is one, it may end at any moment.
    refetchInterval: ({ state }) => (state.data?.items.length === 0 ? 5_000 : false),
  });
  return ended.data?.items.length === 0 ? <Steps onHide={onHide} /> : null;
}

function Steps({ onHide }: { onHide: () => void }) {
  const query = { limit: 2 };
  const profiles = useQuery({
    queryKey: ["connection-profiles", "first"],
    queryFn: () => api.get("/api/v1/connection-profiles", { query }),
  });
  const mappings = useQuery({
    queryKey: ["mapping-configs", "first"],
    queryFn: () => api.get("/api/v1/mapping-configs", { query }),
  });
  const instances = useQuery({
    queryKey: ["instances", "first"],
    queryFn: () => api.get("/api/v1/instances", { query }),
  });
  const tried = useQuery({
    queryKey: ["audit-log", "first"],
    queryFn: () => api.get("/api/v1/audit-log", { query: { action: "mapping.dry_run", limit: 1 } }),
  });
  if (!profiles.data || !mappings.data || !instances.data || !tried.data) return null;
  const steps = stepsOf({
    profiles: profiles.data.items.length,
    mappings: mappings.data.items.length,
    instance: instances.data.items[0],
    tried: tried.data.items.length > 0,
  });
  const next = steps.find((step) => !step.done);
  return (
    <section className={`panel ${classes.way}`} aria-label="The way to a first run">
      <ol className={classes.steps}>
        {steps.map((step, index) => (
          <li key={step.name} aria-current={step === next ? "step" : undefined} data-done={step.done}>
            {step.done ? (
              <IconCircleCheck size={18} role="img" aria-label="Done" />
            ) : (
              <span className={classes.number} aria-hidden>
                {index + 1}
              </span>
            )}
            {step.name}
          </li>
        ))}
      </ol>
      {next && (
        <Group gap="sm" className={classes.next}>
          <Text size="sm">{next.says}</Text>
          <Button size="compact-sm" component={PlainLink} to={next.to}>
            {next.does}
          </Button>
          {steps[0] === next && (
            <Text size="sm">
              or <PageLink to={links.fromTemplate()}>begin with a template</PageLink>
            </Text>
          )}
        </Group>
      )}
      <CloseButton size="sm" className={classes.hide} onClick={onHide} aria-label="Hide the way to a first run" />
    </section>
  );
}
