import { Alert, Skeleton, Text } from "@mantine/core";
import { IconArrowRight, IconHeartbeat } from "@tabler/icons-react";
import { links } from "~/app/links";
import { PageHeader } from "~/components/PageHeader";
import { ProblemAlert } from "~/components/ProblemAlert";
import { PageLink, StatusBadge, Time } from "~/components/values";
import { type ServiceHealth, stateOf, useHistory, usePipeline } from "~/live/usePipeline";
import { plural, relative } from "~/state/format";
import classes from "./monitor.module.css";
import { ActiveRuns, FailedRuns } from "./RunTables";
import { StageCard } from "./StageCard";

/** The way a record takes; the others help beside it. */
const WAY = ["trigger", "ingest", "normalize", "transform", "execute", "finalize"];
const MINUTES = 15;

export default function MonitorPage() {
  const { query, figures, age, old, runs } = usePipeline();
  return (
    <>
      <PageHeader
        title="Pipeline Monitor"
        help="monitor"
        purpose="What waits at each stage, who works on it, and how fast records pass."
        actions={<Age heardAt={figures?.heardAt ?? null} age={age} />}
      />
      {query.error && !figures ? (
        <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <>
          {figures && old && <Silent heardAt={figures.heardAt} />}
          {figures ? <Services services={figures.services} old={old} /> : <Skeleton height={210} />}
          <div className={classes.columns}>
            <section className="panel">
              <h2>Active runs</h2>
              <ActiveRuns />
            </section>
            <section className="panel">
              <h2>
                <PageLink to={links.runs({ state: ["failed", "partial_success"], range: "day" })}>
                  Failed of late
                </PageLink>
              </h2>
              <FailedRuns runs={runs?.failedRuns} />
            </section>
          </div>
        </>
      )}
    </>
  );
}

function Age({ heardAt, age }: { heardAt: string | null; age: number | null }) {
  if (age === null) return null;
  return (
    <Text c="dimmed" data-testid="figures-age">
      Figures of <Time at={heardAt} as="clock" />, {relative(0, age)}
    </Text>
  );
}

function Silent({ heardAt }: { heardAt: string | null }) {
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<IconHeartbeat size={18} />}
      mb="md"
      title="No current figures"
      styles={{ title: { color: "var(--sl-warn-text)" }, icon: { color: "var(--sl-warn-text)" } }}
      role="status"
    >
      {heardAt ? (
        <>
          The monitor has not looked since <Time at={heardAt} as="absolute" />. What is below is of then.
        </>
      ) : (
        "No monitor has looked yet: is the service `monitor` running?"
      )}{" "}
      Runs do not depend on it.
    </Alert>
  );
}

function Services({ services, old }: { services: ServiceHealth[]; old: boolean }) {
  const history = useHistory(MINUTES).data;
  const out = (name: string) => history?.stages.find((stage) => stage.service === name)?.outgoing;
  const way = WAY.flatMap((name) => services.filter((service) => service.service === name));
  const helpers = services.filter((service) => service.waiting !== null && !WAY.includes(service.service));
  const others = services.filter((service) => service.waiting === null);
  return (
    <>
      <ol className={classes.flow} data-old={old} aria-label="Stages in the order in which a record passes them">
        {way.map((stage, at) => (
          <li key={stage.service}>
            <StageCard stage={stage} history={out(stage.service)} />
            {at < way.length - 1 && <IconArrowRight size={18} aria-hidden />}
          </li>
        ))}
      </ol>
      <ul className={classes.flow} data-old={old} aria-label="Beside the way" style={{ marginTop: 10, gap: 10 }}>
        {helpers.map((stage) => (
          <li key={stage.service}>
            <StageCard stage={stage} history={out(stage.service)} />
          </li>
        ))}
        {others.length > 0 && (
          <li style={{ flexGrow: 3, maxWidth: "none" }}>
            <div className={`panel ${classes.services}`}>
              {others.map((service) => (
                <div key={service.service} data-testid={`service-${service.service}`}>
                  <b>{service.service}</b>
                  <StatusBadge of="service" state={stateOf(service)} reason={service.why} />
                  <Text size="xs" c="dimmed">
                    {plural(service.workers.length, "process", "processes")}
                  </Text>
                </div>
              ))}
            </div>
          </li>
        )}
      </ul>
    </>
  );
}
