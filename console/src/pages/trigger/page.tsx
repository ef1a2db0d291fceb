import { Button, Group, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { api } from "~/api/client";
import { asProblem, errorsByField } from "~/api/problem";
import { links } from "~/app/links";
import { EmptyState } from "~/components/EmptyState";
import { May } from "~/components/May";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { RunPanel } from "~/components/run/RunPanel";
import { PageLink } from "~/components/values";
import { type SearchOf, useUrlState } from "~/state/url";
import { ActiveRuns } from "./ActiveRuns";
import { DEFAULT_BATCH, FIELD_OF, type Fields, idsOf, mistakes } from "./fields";
import { Refused } from "./Refused";
import { TriggerForm } from "./TriggerForm";
import classes from "./trigger.module.css";
import { useTrigger } from "./useTrigger";

export default function TriggerPage() {
  const [view, setView] = useUrlState("/signed-in/trigger");
  const any = useQuery({
    queryKey: ["instances", "any"],
    queryFn: () => api.get("/api/v1/instances", { query: { limit: 1 } }),
  });
  const form = useForm<Fields>({
    initialValues: fieldsOf(view),
    validate: mistakes,
    onValuesChange: () => error && reset(),
  });
  const { trigger, first, error, pending, reset } = useTrigger(
    (run, asked) => setView({ ...inUrl(asked), run: run.correlationId }),
    (error) => form.setErrors(errorsByField(asProblem(error), FIELD_OF)),
  );
  // While the trigger is on its way its run has no place in the address yet.
  const shown = pending ? first?.correlationId : view.run;
  const watch = (run: string) => {
    reset();
    setView({ run });
  };
  const queue = () => {
    form.setFieldValue("overlap", "queue");
    trigger({ ...form.getValues(), overlap: "queue" });
  };
  const none = any.data?.items.length === 0;
  return (
    <>
      <PageHeader help="trigger" title="Sync Trigger" purpose="Start a sync by hand, and watch it to its end" />
      {none ? (
        <NoInstances />
      ) : (
        <div className={classes.columns}>
          <div className="panel">
            {any.error && <ProblemAlert error={any.error} onRetry={() => void any.refetch()} />}
            <TriggerForm form={form} pending={pending} onTrigger={trigger} />
          </div>
          <Stack className={classes.side} gap="md">
            <Refused error={error} onRetry={() => trigger(form.getValues())} onWatch={watch} onQueue={queue} />
            {shown && (
              <RunPanel
                key={shown}
                correlationId={shown}
                first={first?.correlationId === shown ? first : undefined}
                onAgain={() => trigger(form.getValues())}
              />
            )}
            {shown ? (
              <Button
                variant="subtle"
                color="gray"
                size="compact-sm"
                style={{ alignSelf: "flex-start" }}
                onClick={() => watch("")}
              >
                Close the panel
              </Button>
            ) : (
              <ActiveRuns onChoose={watch} />
            )}
          </Stack>
        </div>
      )}
    </>
  );
}

function NoInstances() {
  return (
    <EmptyState
      title="There is no instance to sync yet"
      action={
        <May permission="configure" to="set up instances">
          <Group gap="lg">
            <PageLink to={links.fromTemplate()}>Begin with a template</PageLink>
            <PageLink to={links.instances()}>Set up an instance</PageLink>
          </Group>
        </May>
      }
    >
      An instance joins a source, a target and a mapping for each entity type.
    </EmptyState>
  );
}

type View = SearchOf<"/signed-in/trigger">;

function fieldsOf({ instance, entity, ids, mode, max, batch, overlap }: View): Fields {
  const numbers = { max: String(max ?? ""), batch: String(batch ?? "") };
  return { instance, entity, ids: ids.join(", "), mode, overlap, ...numbers };
}

/** What was asked for, in the address: a reload shows the same form beside the same run. */
function inUrl({ instance, entity, ids, mode, max, batch, overlap }: Fields): Partial<View> {
  const numbers = {
    max: max ? Number(max) : undefined,
    batch: batch && Number(batch) !== DEFAULT_BATCH ? Number(batch) : undefined,
  };
  return { instance, entity, ids: idsOf(ids), mode, overlap, ...numbers };
}
