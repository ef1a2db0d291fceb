import { ActionIcon, type ActionIconProps, Tooltip } from "@mantine/core";
import type { ComponentProps, ComponentType } from "react";

interface Props extends ActionIconProps, Omit<ComponentProps<"button">, keyof ActionIconProps | "children"> {
  icon: ComponentType<{ size: number }>;
  iconSize?: number;
  /** What it does. */
  label: string;
  /** In its tooltip, where that is something else. */
  hint?: string;
}

/** A button that is an icon; its tooltip says what it does. */
export function IconButton({ icon: Icon, iconSize = 16, label, hint = label, ...button }: Props) {
  return (
    <Tooltip label={hint}>
      <ActionIcon aria-label={label} {...button}>
        <Icon size={iconSize} />
      </ActionIcon>
    </Tooltip>
  );
}
