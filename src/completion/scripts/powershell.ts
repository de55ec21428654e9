/** Windows PowerShell drops an empty argument of a program, so it gets one in quotes there. */
export const POWERSHELL = `# PowerShell completion for plugctl
Register-ArgumentCompleter -Native -CommandName plugctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    $current = $wordToComplete.Trim("'", '"')
    if ($current -eq '' -and ($PSVersionTable.PSVersion -lt [version]'7.3' -or $PSNativeCommandArgumentPassing -eq 'Legacy')) {
        $current = '""'
    }
    $lines = @(plugctl complete '--' @words $current 2>$null)
    # Without an answer, PowerShell completes with paths by itself.
    if ($lines.Count -eq 0 -or $lines[-1] -eq ':files') { return }
    $lines | Where-Object { -not $_.StartsWith(':') } | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $value }
        $typed = if ($value -match '[@,;() ]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($typed, $value, 'ParameterValue', $description)
    }
}
`;
