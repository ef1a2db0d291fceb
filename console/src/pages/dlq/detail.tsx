import { useParams } from "@tanstack/react-router";
import { links } from "~/app/links";
import { PageHeader } from "~/components/PageHeader";
import { EntryView } from "./EntryView";

export default function DeadLetterPage() {
  const { id = "" } = useParams({ from: "/signed-in/dlq/$id" });
  return (
    <>
      <PageHeader title="Dead letter" parent={{ title: "Dead Letter Queue", to: links.deadLetters() }} />
      <EntryView id={id} />
    </>
  );
}
