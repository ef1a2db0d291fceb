import { PasswordInput, type PasswordInputProps } from "@mantine/core";

const SHORTEST = 8;

/** A password to choose. Only its length counts; what is guessed first is refused by the server. */
export function NewPassword({ value = "", ...field }: PasswordInputProps & { value?: string }) {
  const missing = SHORTEST - value.length;
  return (
    <PasswordInput
      label="Password"
      autoComplete="new-password"
      required
      value={value}
      description={
        value && missing > 0 ? `${missing} more characters` : `At least ${SHORTEST} characters; a few words are best`
      }
      {...field}
    />
  );
}
