import { escapeControls } from '@berth/base';

/** What a format string gave: its tabs and line ends stay, every other control character is escaped (hostile-inputs X12). */
export function printable(text: string): string {
  return text.replace(/[^\t\n]+/g, escapeControls);
}
