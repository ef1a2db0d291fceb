import { PasswordInput } from "@mantine/core";

const SHORTEST = 8;

interface Props {
  label?: string;
  value: string;
  onChange: (value: string) => void;
  /** What the server says of it. */
  error?: string | undefined;
}

/** A password to choose. Only its length counts; what is guessed first is refused by the server. */
export function NewPassword({ label = "Password", value, onChange, error }: Props) {
  const missing = SHORTEST - value.length;
  return (
    <PasswordInput
      label={label}
      autoComplete="new-password"
      required
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      description={
        value && missing > 0 ? `${missing} more characters` : `At least ${SHORTEST} characters; a few words are best`
      }
      error={error}
    />
  );
}
