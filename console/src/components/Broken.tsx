import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { Component, type ReactNode } from "react";

/** What stands where a part of the console broke: the error in its own words, and the way on. */
export function Broken({ error }: { error: unknown }) {
  return (
    <Alert color="red" title="This page broke" role="alert" m="md" maw={760}>
      <Stack gap="sm">
        <Text>
          That is a fault of the console. Nothing that was saved is lost, and runs go on. Reload the page; if it breaks
          again, tell the words below to whoever runs Syncline here.
        </Text>
        <Text component="pre" m={0} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {wordsOf(error)}
        </Text>
        <Group gap="xs">
          <Button size="compact-sm" onClick={() => location.reload()}>
            Reload
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => location.assign("/")}>
            Go to the dashboard
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Keeps an error from blanking the whole console: without it React takes everything off the screen. */
export class Boundary extends Component<{ children: ReactNode }, { broken: { error: unknown } | null }> {
  override state: { broken: { error: unknown } | null } = { broken: null };

  static getDerivedStateFromError(error: unknown) {
    return { broken: { error } };
  }

  override render() {
    return this.state.broken ? <Broken error={this.state.broken.error} /> : this.props.children;
  }
}
